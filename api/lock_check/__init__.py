"""`latchwork lock-check`: plays the server against one lock under development, and says which rules it keeps."""
