"""The Keras model as MLflow stores, loads and serves it."""
