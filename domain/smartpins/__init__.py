"""SmartPINs: codes that a lock without a connection reads and judges by itself."""
