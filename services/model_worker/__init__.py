"""Makes the calls of one provider: claimed under a lease, under a hard deadline, and stored before they are said."""
