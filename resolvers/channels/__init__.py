"""Broadcast and presence: channels, who may join them and publish there, who is here, and what is said."""
