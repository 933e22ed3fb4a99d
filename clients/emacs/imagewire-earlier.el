;;; imagewire-earlier.el --- Links to images that were made before  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Inserts the links to the files of an earlier prediction, which are copied to the document where they are elsewhere.

;;; Code:

(require 'subr-x)
(require 'imagewire-message)
(require 'imagewire-work)

(defun imagewire--beside (prediction)
  "Return PREDICTION with its files beside this buffer's document.
Files from elsewhere are copied into its folder."
  (plist-put (copy-sequence prediction) :files
             (vconcat (mapcar (lambda (file)
                                (plist-put (copy-sequence file) :path (imagewire--copied (plist-get file :path))))
                              (plist-get prediction :files)))))

(defun imagewire--insert-earlier (prediction place)
  "Insert the links of PREDICTION at PLACE, in the current buffer."
  (let ((files (plist-get prediction :files))
        (prompt (or (plist-get (plist-get prediction :input) :prompt) "an image")))
    (unwind-protect
        (if (= 0 (length files))
            (imagewire--explain prediction prompt)
          (let ((range (imagewire--land place nil (imagewire--beside prediction) prompt)))
            (if (null range)
                (imagewire--refuse (plist-get (aref files 0) :path))
              (imagewire--guarded #'imagewire--show-inserted (car range) (cdr range))
              (imagewire--say "inserted in %s" (buffer-name)))))
      (delete-overlay place))))

(provide 'imagewire-earlier)
;;; imagewire-earlier.el ends here
