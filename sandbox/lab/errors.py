"""What can go wrong in the lab."""


class LabError(RuntimeError):
    """The lab could not do what was asked; the text says which command or condition, in words for a person."""
