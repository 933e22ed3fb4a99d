;;; imagewire-history.el --- What an image was made from, and what was made from it  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The imagewire authors

;; Author: The imagewire authors
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; The tag from:ID of a prediction names the one whose image it changed, varied or made again.

;;; Code:

(require 'cl-lib)
(require 'subr-x)
(require 'imagewire-ask)
(require 'imagewire-change)
(require 'imagewire-earlier)

(defun imagewire--whole (id)
  "Return the prediction ID with its prompt, or nil where it was deleted."
  (ignore-errors (imagewire--await :status (list :id id))))

(defun imagewire--origin (prediction)
  "Return the id of the prediction that PREDICTION was made from, or nil."
  (cl-loop for tag across (plist-get prediction :tags)
           when (string-prefix-p "from:" tag) return (substring tag 5)))

(defun imagewire--ancestors (prediction)
  "Return what PREDICTION was made from, the oldest first."
  (let (found id)
    (while (and (setq id (imagewire--origin prediction))
                (not (cl-find id found :key (lambda (other) (plist-get other :id)) :test #'equal))
                (setq prediction (imagewire--whole id)))
      (push prediction found))
    found))

(defun imagewire--descendants (id)
  "Return what was made from the prediction ID, directly and again, at most 100."
  (let ((waiting (list id))
        found)
    (while (and waiting (< (length found) 100))
      (dolist (child (reverse (append (plist-get (imagewire--await :list (list :tag (concat "from:" (pop waiting)) :limit 50))
                                                 :predictions)
                                      nil)))
        (let ((child-id (plist-get child :id)))
          (unless (or (equal child-id id) (member child-id found))
            (push child-id found)
            (setq waiting (append waiting (list child-id)))))))
    (delq nil (mapcar #'imagewire--whole (reverse found)))))

;;;###autoload
(defun imagewire-history ()
  "Choose from what the image at point was made from and what was made from it.
Insert the link to the one that is chosen behind that at point."
  (interactive)
  (barf-if-buffer-read-only)
  (let* ((link (imagewire--image-here))
         (made (or (imagewire--made (imagewire--found-path link))
                   (user-error "%s did not make this image.  Nothing was sent" "imagewire")))
         (entry (lambda (mark)
                  (lambda (prediction)
                    (list (concat mark (imagewire--short (or (plist-get (plist-get prediction :input) :prompt) "?") 50))
                          prediction
                          (format "%s ago · %s" (imagewire--age (plist-get prediction :created_at))
                                  (plist-get prediction :status))))))
         (choices (append (mapcar (funcall entry "from: ") (imagewire--ancestors made))
                          (mapcar (funcall entry "made: ") (imagewire--descendants (plist-get made :id)))))
         (chosen (if choices (imagewire--choose "History: " choices)
                   (imagewire--say "this image was made from no other, and none was made from it"))))
    (when (listp chosen) (imagewire--insert-earlier chosen (imagewire--place-at link)))))

(provide 'imagewire-history)
;;; imagewire-history.el ends here
