"""The executor: carries out what the owner approved, product by product, and tells the truth about each."""
