"""The services: five stream processors, the operators' console, and the floor they stand on."""
