package pipe

// GiveUp has the server do what it does when the disk is full.
func (p *Pipe) GiveUp() error { return p.host.now().ShutdownJetStream() }
