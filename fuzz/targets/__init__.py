"""One module for each thing that reads what strangers send. Each has `target(folder)`, which makes a `Target`."""
