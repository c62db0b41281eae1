"""Health reports: how clusters were over a period, told in words and in a picture, on a schedule or when asked for.

`schedule` says when, `past` and `availability` what the store's records come to, `timeline` and `draw` make the picture,
`compose` the report; all of these are pure. `gather` reads, `drawing` has the picture drawn in a process of its own, and
`rounds` posts what is due.
"""
