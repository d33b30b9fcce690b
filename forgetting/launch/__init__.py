"""The engines that do a study's runs: here, or elsewhere."""
