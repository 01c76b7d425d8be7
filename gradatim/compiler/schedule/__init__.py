"""From a graph to loop nests: views as strides, clusters, an order, items, memory."""
