"""What cannot be compared, said in a sentence."""


class DataError(ValueError):
    """Data that is refused; the message names what, why and the remedy."""
