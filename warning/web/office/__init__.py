"""An office's own pages: server-rendered, in two languages; JavaScript only adds drawing on the map."""
