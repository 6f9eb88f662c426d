"""The doors: their functions are on the public page, `meanfield`."""
