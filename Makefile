.PHONY: help
