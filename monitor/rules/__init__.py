"""Rules judge samples: the expression language, history windows, and the verdict on one sample. Pure."""
