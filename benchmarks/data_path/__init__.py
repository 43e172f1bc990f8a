"""The data path: whole imports and exports beside the limit, and beside what others do."""
