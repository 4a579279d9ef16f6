//! Names people give to addresses, networks, vNICs and instances.
