"""Risk notices to the owners of sites: no warnings of an authority, one contact each."""
