"""What the pages of this package share: style, drawings, files, wording of numbers."""
