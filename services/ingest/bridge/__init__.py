"""The bridge: jobs that another system's indexer puts on BullMQ queues, taken into the inbox."""
