"""Web sockets on which clients are told what happens; what they are told in which words is each product's."""
