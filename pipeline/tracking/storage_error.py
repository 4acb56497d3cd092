"""Errors of the storage in which a tracking server keeps files, whichever it is."""


def is_of_storage(error: Exception) -> bool:
    """Tell whether an error is of the network, of a file, or of the library that speaks to a storage, such as boto.

    Those libraries have no exception in common, but each has its own; Python's, such as `TypeError`, are defects.
    """
    # MLflow raises NotImplementedError where a storage cannot do what it is asked for.
    return isinstance(error, OSError | NotImplementedError) or type(error).__module__ != "builtins"
