// What this package gives: filled as its parts land.
