"""What runs in the processes that decode images: beside Python's own library and Pillow it imports nothing, none of the
server either. `server/storage/pictures` starts them, and says so to Python by a path, not by the package's name.
"""
