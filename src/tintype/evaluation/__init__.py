"""Measuring codecs honestly: real files, real competitors, one run, every figure's making stated.

`tintype eval` makes rows (one per picture, codec and quality), `tintype report` turns them into a page, `tintype
compare` does both for one photo, `tintype study` asks people. Needs the extra `eval`.
"""
