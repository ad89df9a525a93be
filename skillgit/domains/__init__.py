"""Tasks and their graders, one module or folder per domain. pandas and openpyxl live here only."""
