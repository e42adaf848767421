"""Marks a message of Python code for the catalogues; it is translated where it is shown.

Must not translate: whoever shows it knows the language.
"""


def mark(message: str) -> str:
    """Return a message as it is; the extraction of texts finds it by this call.

    >>> mark("Sign in")
    'Sign in'
    """
    return message
