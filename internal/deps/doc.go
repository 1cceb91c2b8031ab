// Package deps holds no code: its test keeps the layers of the program apart.
package deps
