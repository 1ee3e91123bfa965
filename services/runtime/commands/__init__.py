"""What the ``habeas`` command can do, one module per verb."""
