"""The report: records become tables, figures and one self-contained page."""
