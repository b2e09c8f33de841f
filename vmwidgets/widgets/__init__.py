"""The views: thin Jupyter widgets over one lab. The only package that imports a widget library."""
