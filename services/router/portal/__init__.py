"""The data owner's portal: its inbox, its cases, its instruction, its packages. All of it in one owner's name."""
