"""What users pass in, checked: the API key, addresses, durations and ids."""
