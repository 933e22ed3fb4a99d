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
It may be absolute or begin with ~; then links are absolute too.
Nil leaves them in imagewire's own folder; so does a buffer
without a file."
  :type '(choice (string :tag "Beside the document")
                 (const :tag "imagewire's own folder" nil)))

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
  "Whether an image is shown beside its link, in Org and Markdown."
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
