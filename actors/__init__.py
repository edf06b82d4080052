"""The actor system: values, decisions and the actors that carry them out. It opens no socket and no file."""
