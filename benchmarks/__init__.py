"""How fast this pipeline trains, beside what a user would otherwise run, and what a whole run costs."""
