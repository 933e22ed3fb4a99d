;;; imagewire-settings.el --- The settings of imagewire  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; M-x customize-group RET imagewire shows all of it.

;;; Code:

(declare-function auth-source-pick-first-password "auth-source" (&rest spec))

(defgroup imagewire nil
  "Images from words, as links in the text."
  :group 'multimedia
  :prefix "imagewire-")

(defcustom imagewire-command '("imagewire")
  "The program and its arguments.
Where it is (\"imagewire\"), the variable IMAGEWIRE names the
program, or it is on the path, in ~/.local/bin, /usr/local/bin or
/opt/homebrew/bin."
  :type '(repeat string))

(defcustom imagewire-folder "images"
  "Where images go: a path seen from the folder of the buffer's file.
It may be absolute or begin with ~, or be a function that takes
the name of the buffer's file and returns one.  Nil leaves images
in imagewire's own folder; so does a buffer without a file."
  :type '(choice (string :tag "Beside the document")
                 (function :tag "A function of the document's name")
                 (const :tag "imagewire's own folder" nil)))

(defcustom imagewire-own-paragraph nil
  "Whether a link is a paragraph of its own, below that of point."
  :type 'boolean)

(defcustom imagewire-figure nil
  "Whether LaTeX gets a figure environment with a caption, not the image alone."
  :type 'boolean)

(defcustom imagewire-alt nil
  "A function that returns the text of a link, or nil for the prompt.
It takes the prompt."
  :type '(choice (const :tag "The prompt" nil) function))

(defcustom imagewire-replace nil
  "Whether the link to a changed image takes the place of the old link.
If nil, it follows the old link."
  :type 'boolean)

(defcustom imagewire-ask-above nil
  "The price in dollars above which a command asks before it sends.
It also asks where the price is not known.  Nil never asks."
  :type '(choice (const :tag "Never ask" nil) number))

(defcustom imagewire-ask-upload t
  "Whether to ask before an image is sent to the provider."
  :type 'boolean)

(defcustom imagewire-configuration nil
  "The configuration that the process gets when it starts.
An alist of provider, model, wavespeed_api_key and openai_api_key
to a string, or to a function that returns one, such as
`imagewire-key-from-auth-source'."
  :type '(alist :key-type (choice (const provider) (const model)
                                  (const wavespeed_api_key) (const openai_api_key))
                :value-type (choice string function)))

(defcustom imagewire-input nil
  "Further input for the model, a plist such as (:size \"1024x1024\")."
  :type 'plist)

(defcustom imagewire-link-formats nil
  "How links are written in other modes.
An alist of major mode to a function of an image's path and a
short description; it must escape characters that end a link.  It is
asked before the built-in ones, for images only."
  :type '(alist :key-type symbol :value-type function))

(defcustom imagewire-display-images t
  "Whether the images of a document are shown once one is inserted.
This switches on `imagewire-image-mode'."
  :type 'boolean)

(defcustom imagewire-image-width 480
  "The greatest width of an image shown in a buffer, in pixels."
  :type 'natnum)

(defface imagewire-progress '((t :inherit shadow))
  "Face of the words shown where an image is to appear.")

(defun imagewire-key-from-auth-source ()
  "Return the password of host \"api.wavespeed.ai\" in auth-source, or nil.
It is meant for `wavespeed_api_key' in `imagewire-configuration'."
  (require 'auth-source)
  (auth-source-pick-first-password :host "api.wavespeed.ai"))

(provide 'imagewire-settings)
;;; imagewire-settings.el ends here
