"""Jobs with their applications, and all that belongs to one: interviews, offers, notes, follow-ups, history.

One read model, so that an answer which shows several of them shows them as of one moment.
"""
