"""AWS on the wire: requests and replies, pure, and the clients that send them, one method one request."""
