"""What others read of the contract: JSON Schemas, an AsyncAPI document, the picture of the topics. All generated."""
