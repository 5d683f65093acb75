// What an --import costs whatever is in it.
void 0;
