"""A file manager as small as can be: one window, one file, to be dragged with a real pointer. Prints `ready` when it is
on the display, and `gone` when the file was taken."""

import sys
from pathlib import Path

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GLib, Gtk  # noqa: E402

window = Gtk.Window(title="file source")
window.set_default_size(160, 60)
box = Gtk.EventBox()
box.add(Gtk.Label(label=Path(sys.argv[1]).name))
window.add(box)
box.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
box.drag_source_add_uri_targets()
box.connect("drag-data-get", lambda _w, _c, data, _i, _t: data.set_uris([Path(path).resolve().as_uri() for path in sys.argv[1:]]))
box.connect("drag-end", lambda _w, _c: (print("gone", flush=True), Gtk.main_quit()))
window.connect("map-event", lambda _w, _e: GLib.timeout_add(50, lambda: print("ready", flush=True)) and False)
window.show_all()
Gtk.main()
