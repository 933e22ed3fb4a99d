;;; imagewire-menu.el --- A menu of everything  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; M-x imagewire-menu shows the commands, each with its key, and the model and input in use.

;;; Code:

(require 'transient)
(require 'imagewire)

(defun imagewire--menu-choices ()
  "Return what was chosen for this session, as the heading of its commands."
  (concat "Choose: " (or (imagewire--choices-in-words) "as it is set")))

;;;###autoload (autoload 'imagewire-menu "imagewire-menu" nil t)
(transient-define-prefix imagewire-menu ()
  "Make and change images."
  [["Make"
    ("i" "an image of words" imagewire-generate)
    ("l" "list" imagewire-list)
    ("k" "cancel" imagewire-cancel)]
   ["The image at point"
    ("c" "change it" imagewire-change)
    ("v" "vary it" imagewire-vary)
    ("a" "make it again" imagewire-again)
    ("h" "history" imagewire-history)]]
  [["See"
    ("s" "show or hide images" imagewire-image-mode)]
   [:description imagewire--menu-choices
    ("m" "model" imagewire-choose-model)
    ("z" "size and other input" imagewire-choose-input)]])

(provide 'imagewire-menu)
;;; imagewire-menu.el ends here
