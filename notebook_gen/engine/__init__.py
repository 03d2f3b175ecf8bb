"""What runs when: a pure core that decides, and a thin shell that performs."""
