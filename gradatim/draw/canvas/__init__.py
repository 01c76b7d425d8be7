"""What every picture is made of.

svg            the few SVG elements used, as strings
theme          colours, fonts and spacing
text_width     the estimated width of text
significant    numbers with four significant digits
plain          lists, arrays, tensors and Values as plain Python numbers
drawing        a finished picture; `series`: several of them
saving         writing it to a file
"""
