"""`--to html`: a page that runs a network in the browser, from one file that asks nobody for anything."""
