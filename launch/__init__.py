"""Engines that do a study's runs elsewhere: `forgetting.launch`."""
