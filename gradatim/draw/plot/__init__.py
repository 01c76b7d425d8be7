"""What charts share.

axes          a frame with labels; `scale`: from numbers to positions, and ticks
colour_bar    the colours from the smallest number to the largest
contours      contour lines of a function of two numbers
ridges        histograms stacked on one scale
clip          lines clipped to a rectangle
"""
