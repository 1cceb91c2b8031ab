// Package transport talks with Git servers.
//
// A Wire opens conversations with one server: over HTTP, through ssh, or with git's own server programs on this machine.
// That is where signing in, proxies, certificates and time limits belong, and where the user's settings for them count.
// A Client asks for refs and objects over a Wire, in version 2 of Git's protocol (gitprotocol-v2(5)) and in what older
// servers speak. What a push means is for the caller: the package reads the server's report and does not judge it.
//
// The package knows no repository on this machine. No error of it holds a credential, and all words of a server in one
// are safe to print.
package transport
