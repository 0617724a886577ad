"""The suite that tells of any server whether it keeps the coSPEC contract."""
