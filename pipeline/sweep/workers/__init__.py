"""This package trains trials: workers claim them, and train each in a process of its own."""
