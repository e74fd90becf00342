"""The product page: a warning as a picture and a PDF for media and display screens."""
