"""What the user gives us: the folder, its settings, its model class."""
